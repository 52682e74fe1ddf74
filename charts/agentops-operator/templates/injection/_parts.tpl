{{/*
What a pod gets, as CEL maps. Two rules:
- Maps and lists, never typed `Object...{}`: kube-apiserver 1.36 panics on a list that holds such an object, and converts
  each one three times for every object around it. A map becomes JSON in one pass.
- A map whose values differ in type has each of them in dyn(), or the literal does not compile. What names neither the
  entry nor the pod is a constant, which the API server builds once and not for each pod.
*/}}

{{- define "agentops.cel.volume" -}}
{{- $head := include "agentops.cel.sources" . -}}
{"name": dyn("agentops"), "projected": dyn({"sources":
  !has(variables.entry.hashKeySecret) || variables.entry.hashKeySecret == ''
    ? [{{ $head | nindent 6 }}
    ]
    : [{{ $head | nindent 6 }},
      {"secret": {"name": dyn(variables.entry.hashKeySecret), "optional": dyn(true),
        "items": dyn([{"key": "current", "path": "mask-key/current"}])}}
    ]
})}
{{- end }}

{{- define "agentops.cel.sources" -}}
{"serviceAccountToken": {"path": dyn("token"), "audience": dyn("agentops/" + request.namespace + "/" + variables.entry.agent),
  "expirationSeconds": dyn(3600)}},
{"configMap": {"name": dyn(variables.entry.rules), "optional": dyn(true),
  "items": dyn([{"key": "rules.v1.json", "path": "rules/rules.v1.json"}])}}
{{- end }}

{{- define "agentops.cel.sidecar" -}}
{
  "name": dyn("agentops-collector"),
  "image": dyn({{ include "agentops.image" (list . "collector") | toJson }}),
  "imagePullPolicy": dyn({{ .Values.image.pullPolicy | toJson }}),
  "restartPolicy": dyn("Always"),
  "env": variables.gateway ? dyn([
    {{- include "agentops.cel.identity" . | nindent 4 }},
    {"name": dyn("AGENTOPS_GATEWAY"), "value": dyn({{ printf "http://agentops-gateway.%s.svc:4000" .Release.Namespace | toJson }})},
    {"name": dyn("AGENTOPS_LISTEN_FORWARDER"), "value": dyn("127.0.0.1:4319")},
    {"name": dyn("AGENTOPS_ON_GATEWAY_DOWN"), "value": dyn(variables.entry.gateway)}
    {{- include "agentops.cel.extraEnv" . }}
  ]) : dyn([
    {{- include "agentops.cel.identity" . | nindent 4 }}
    {{- include "agentops.cel.extraEnv" . }}
  ]),
  {{- /* Resources on the pod are a budget for all its containers: ours on top could exceed it and void the pod. */}}
  "resources": has(object.spec.resources) ? dyn({}) : dyn({
    "requests": dyn({{ include "agentops.cel.quantities" .Values.injection.sidecar.resources.requests }}),
    "limits": dyn({{ include "agentops.cel.quantities" .Values.injection.sidecar.resources.limits }})
  }),
  "securityContext": dyn({
    "allowPrivilegeEscalation": dyn(false),
    "readOnlyRootFilesystem": dyn(true),
    "runAsNonRoot": dyn(true),
    "runAsUser": dyn({{ int .Values.injection.sidecar.runAsUser }}),
    "capabilities": dyn({"drop": ["ALL"]}),
    "seccompProfile": dyn({"type": "RuntimeDefault"})
  }),
  {{- /*
  The second mount takes the place where the ServiceAccount admission would put the pod's API token, when it runs
  again after us: a process that reads telemetry of others has no business with the API server.
  */}}
  "volumeMounts": dyn([
    {"name": dyn("agentops"), "mountPath": dyn("/var/run/agentops"), "readOnly": dyn(true)},
    {"name": dyn("agentops"), "mountPath": dyn("/var/run/secrets/kubernetes.io/serviceaccount"), "readOnly": dyn(true)}
  ])
}
{{- end }}

{{- define "agentops.cel.identity" -}}
{{- $relay := printf "http://agentops-relay.%s.svc" .Release.Namespace -}}
{"name": dyn("AGENTOPS_AGENT"), "value": dyn(variables.entry.agent)},
{"name": dyn("AGENTOPS_NAMESPACE"), "valueFrom": dyn({"fieldRef": {"fieldPath": "metadata.namespace"}})},
{"name": dyn("AGENTOPS_POD_NAME"), "valueFrom": dyn({"fieldRef": {"fieldPath": "metadata.name"}})},
{"name": dyn("AGENTOPS_POD_UID"), "valueFrom": dyn({"fieldRef": {"fieldPath": "metadata.uid"}})},
{"name": dyn("AGENTOPS_RELAY"), "value": dyn({{ printf "%s:4318" $relay | toJson }})},
{"name": dyn("AGENTOPS_RELAY_API"), "value": dyn({{ printf "%s:4320" $relay | toJson }})}
{{- end }}

{{- define "agentops.cel.extraEnv" -}}
{{- range $name, $value := .Values.injection.sidecar.extraEnv -}}
, {"name": dyn({{ $name | toJson }}), "value": dyn({{ $value | toString | toJson }})}
{{- end -}}
{{- end }}

{{/* Quantities as strings: 1 and "64Mi" in one map would be two types. */}}
{{- define "agentops.cel.quantities" -}}
{{- $found := dict -}}
{{- range $name, $value := . }}{{ $_ := set $found $name (toString $value) }}{{ end -}}
{{ $found | toJson }}
{{- end }}

{{/* Variables of a container behind endpoint and protocol, in the order in which they are added. */}}
{{- define "agentops.cel.settings" -}}
{"name": "OTEL_SERVICE_NAME", "value": string(variables.entry.agent)},
{"name": "OTEL_SEMCONV_STABILITY_OPT_IN", "value": "gen_ai_latest_experimental"},
{"name": "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
  "value": has(variables.entry.capture) ? string(variables.entry.capture) : "false"}
{{- end }}

{{- define "agentops.cel.baseUrls" -}}
{"name": "OPENAI_BASE_URL", "value": "http://127.0.0.1:4319/v1"},
{"name": "ANTHROPIC_BASE_URL", "value": "http://127.0.0.1:4319"}
{{- end }}

{{/* SDKs do not start without a key, and the gateway needs none of the agent. */}}
{{- define "agentops.cel.placeholders" -}}
{"name": "OPENAI_API_KEY", "value": "agentops"},
{"name": "ANTHROPIC_API_KEY", "value": "agentops"}
{{- end }}

{{/* What a pod was told of the gateway, so that its metadata shows whether it is what new pods are told. */}}
{{- define "agentops.cel.gatewayNote" -}}
?"agentops.dev/gateway": variables.gateway ? optional.of(string(variables.entry.gateway)) : optional.none()
{{- end }}
