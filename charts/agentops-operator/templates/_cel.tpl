{{/*
CEL that the mutating policy and the validating ones share, so that what is injected and what is demanded cannot drift apart.

Three rules keep pods starting and the chart installable:
- A CEL error is covered by failurePolicy: Ignore, a panic or a patch that does not decode is not. So a patch value is
  a scalar, or maps and lists of them, and never holds a typed Object: see injection/_parts.tpl.
- Maps are iterated in random order, so everything that picks "the first" takes the smallest key.
- What the validating policies use must be known to Kubernetes 1.30: no flatten, sort or lists.range (1.34). Only the
  mutating policy, which needs 1.36 anyway, may use them.
*/}}

{{/* Keys of the index that a pod has by its owner. At most one owner controls. */}}
{{- define "agentops.cel.ownerKeys" -}}
(has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(o, has(o.controller) && o.controller)
  ? object.metadata.ownerReferences.filter(o, has(o.controller) && o.controller).map(o,
      o.kind == 'ReplicaSet' && o.apiVersion.startsWith('apps/')
        ? (has(object.metadata.labels) && 'pod-template-hash' in object.metadata.labels
            && o.name.endsWith('-' + object.metadata.labels['pod-template-hash'])
          ? ['Deployment/' + o.name.substring(0, size(o.name) - size(object.metadata.labels['pod-template-hash']) - 1)] : [])
      : o.kind in ['StatefulSet', 'DaemonSet'] && o.apiVersion.startsWith('apps/') ? [o.kind + '/' + o.name]
      : o.kind == 'Job' && o.apiVersion.startsWith('batch/')
        ? ['Job/' + o.name] + (o.name.matches('.-[0-9]+$') ? ['CronJob/' + o.name.substring(0, o.name.lastIndexOf('-'))] : [])
      : [])[0]
  : has(object.metadata.name) && object.metadata.name != '' ? ['Pod/' + object.metadata.name] : [])
{{- end }}

{{/* Match condition: one look-up per label and owner key, whatever the number of agents. */}}
{{- define "agentops.cel.indexed" -}}
has(params.agents) && (
  (has(object.metadata.labels) && object.metadata.labels.exists(k, (k + '=' + object.metadata.labels[k]) in params.agents))
  || {{ include "agentops.cel.ownerKeys" . }}.exists(k, k in params.agents))
{{- end }}

{{/* Match condition: a mirror pod may reference neither ConfigMaps nor tokens, the kubelet's file is its only source. */}}
{{- define "agentops.cel.notMirror" -}}
!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)
{{- end }}

{{/* Our image in any version: a pod made from the manifest of a running one carries an older sidecar. Call with $. */}}
{{- define "agentops.cel.sidecarPresent" -}}
{{- $repository := include "agentops.repository" (list . "collector") -}}
has(object.spec.initContainers) && object.spec.initContainers.exists(c, c.name == 'agentops-collector' && has(c.image) &&
  (c.image.startsWith({{ printf "%s:" $repository | toJson }}) || c.image.startsWith({{ printf "%s@" $repository | toJson }})))
{{- end }}

{{/* A variable `e` that sends telemetry elsewhere. An address of the sidecar is not elsewhere. */}}
{{- define "agentops.cel.foreign" -}}
e.name in ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT']
  && !(has(e.value) && e.value.matches('^(http://)?(127[.]0[.]0[.]1|localhost):431[78](/.*)?$'))
{{- end }}

{{/* A variable `e` that sends model calls elsewhere. An address of the forwarder is not elsewhere. */}}
{{- define "agentops.cel.astray" -}}
e.name in ['OPENAI_BASE_URL', 'OPENAI_API_BASE', 'AZURE_OPENAI_ENDPOINT', 'ANTHROPIC_BASE_URL']
  && !(has(e.value) && e.value.matches('^(http://)?(127[.]0[.]0[.]1|localhost):4319(/.*)?$'))
{{- end }}

{{/* Whether the rest of an entry `e` fits the pod that its key has found. */}}
{{- define "agentops.cel.holds" -}}
(!has(e.matchLabels) || e.matchLabels.all(m, m.key in variables.labels && variables.labels[m.key] == m.value))
&& (!has(e.matchExpressions) || e.matchExpressions.all(m,
    m.operator == 'In' ? m.key in variables.labels && has(m.values) && variables.labels[m.key] in m.values
  : m.operator == 'NotIn' ? !(m.key in variables.labels && has(m.values) && variables.labels[m.key] in m.values)
  : m.operator == 'Exists' ? m.key in variables.labels
  : m.operator == 'DoesNotExist' ? !(m.key in variables.labels)
  : false))
&& (!has(e.serviceAccountName) || e.serviceAccountName == '' || e.serviceAccountName ==
    (has(object.spec.serviceAccountName) && object.spec.serviceAccountName != '' ? object.spec.serviceAccountName : 'default'))
{{- end }}

{{/* Whether the entry speaks of a container `c`. */}}
{{- define "agentops.cel.selected" -}}
(!has(variables.entry.containers) || size(variables.entry.containers) == 0 || c.name in variables.entry.containers)
{{- end }}

{{/* Variables: which entry of the index applies, and what keeps the pod from getting the sidecar. */}}
{{- define "agentops.cel.variables" -}}
- name: labels
  expression: "has(object.metadata.labels) ? object.metadata.labels : {}"
# Keys of the index that this pod has; nearly always one.
- name: keys
  expression: >-
    (variables.labels.map(k, k + '=' + variables.labels[k]) + {{ include "agentops.cel.ownerKeys" . | nindent 4 | trim }})
    .filter(k, k in params.agents)
# Those under which at least one entry holds for this pod.
- name: holding
  expression: >-
    variables.keys.filter(k, params.agents[k].exists(e, {{ include "agentops.cel.holds" . | nindent 6 | trim }}))
# The entries that hold under the smallest of them, in the order of the index. The first one counts.
- name: hits
  expression: >-
    size(variables.keys) == 1
    ? params.agents[variables.keys[0]].filter(e, {{ include "agentops.cel.holds" . | nindent 6 | trim }})
    : size(variables.holding) == 0 ? []
    : params.agents[variables.holding.min()].filter(e, {{ include "agentops.cel.holds" . | nindent 6 | trim }})
- name: entry
  expression: "variables.hits[0]"
# Whether model calls of the pod go through the gateway. All that is of the gateway asks this first.
- name: gateway
  expression: "has(variables.entry.gateway) && variables.entry.gateway != ''"
- name: optedOut
  expression: >-
    has(variables.entry.optOut) && variables.entry.optOut == 'Allowed'
    && 'agentops.dev/inject' in variables.labels && variables.labels['agentops.dev/inject'] == 'false'
# On the host's network the sidecar would take ports of the node. A container or volume with our name would make the
# pod invalid, a container that declares one of our ports could not listen any more: such pods start without the sidecar.
- name: skip
  expression: >-
    has(object.spec.hostNetwork) && object.spec.hostNetwork ? 'HostNetwork'
    : (has(object.spec.os) && object.spec.os.name == 'windows')
      || (has(object.spec.nodeSelector) && 'kubernetes.io/os' in object.spec.nodeSelector
          && object.spec.nodeSelector['kubernetes.io/os'] == 'windows') ? 'Windows'
    : variables.optedOut ? 'OptOut'
    : object.spec.containers.exists(c, c.name == 'agentops-collector')
      || (has(object.spec.initContainers) && object.spec.initContainers.exists(c, c.name == 'agentops-collector'))
      || (has(object.spec.volumes) && object.spec.volumes.exists(v, v.name == 'agentops')) ? 'NameConflict'
    : (object.spec.containers + (has(object.spec.initContainers)
          ? object.spec.initContainers.filter(c, has(c.restartPolicy) && c.restartPolicy == 'Always') : []))
        .exists(c, has(c.ports) && c.ports.exists(p, p.containerPort in [4317, 4318, 13133]
          || (p.containerPort == 4319 && variables.gateway))) ? 'PortConflict'
    : ''
# Containers that the entry speaks of and that send telemetry elsewhere.
- name: bypassing
  expression: >-
    object.spec.containers.filter(c, has(c.env) && {{ include "agentops.cel.selected" . | nindent 6 | trim }}
      && c.env.exists(e, {{ include "agentops.cel.foreign" . | nindent 6 | trim }}))
# Containers that the entry speaks of and that send model calls elsewhere, where the entry has a gateway.
- name: astray
  expression: >-
    !variables.gateway ? [] : object.spec.containers.filter(c, has(c.env) && {{ include "agentops.cel.selected" . | nindent 6 | trim }}
      && c.env.exists(e, {{ include "agentops.cel.astray" . | nindent 6 | trim }}))
{{- end }}

{{/* Messages of the refusals; both validating policies use them. */}}
{{- define "agentops.cel.bypassMessage" -}}
'container "' + variables.bypassing[0].name + '" sets env '
+ variables.bypassing[0].env.filter(e, {{ include "agentops.cel.foreign" . | nindent 2 | trim }})
  .map(e, e.name + (has(e.value) ? '=' + e.value : ''))[0]
+ ', which sends telemetry past the AgentOps sidecar; the policies of agent "' + variables.entry.agent
+ '" refuse that (onBypass: Deny). Remove the variable, it is set at admission, and name the endpoint as a backend in a TracePolicy.'
{{- end }}

{{/* Names the variable alone: the address of a provider may hold a key. */}}
{{- define "agentops.cel.astrayMessage" -}}
'container "' + variables.astray[0].name + '" sets env '
+ variables.astray[0].env.filter(e, {{ include "agentops.cel.astray" . | nindent 2 | trim }})[0].name
+ ', which sends model calls past the AgentOps gateway; the policies of agent "' + variables.entry.agent
+ '" refuse that (onBypass: Deny). Remove the variable, the base URL is set at admission, and name the provider as a target in a ProviderFallback.'
{{- end }}

{{/* The two refusals of a bypass, as validations. */}}
{{- define "agentops.cel.bypassValidations" -}}
{{- $passes := "size(variables.hits) == 0 || !has(variables.entry.onBypass) || variables.entry.onBypass != 'Deny' || variables.optedOut" -}}
- expression: "{{ $passes }} || size(variables.bypassing) == 0"
  messageExpression: >-
    {{- include "agentops.cel.bypassMessage" . | nindent 4 }}
  reason: Forbidden
- expression: "{{ $passes }} || size(variables.astray) == 0"
  messageExpression: >-
    {{- include "agentops.cel.astrayMessage" . | nindent 4 }}
  reason: Forbidden
{{- end }}

{{/* What to look at when a pod that should have got the sidecar has none. */}}
{{- define "agentops.missing" -}}
{{- $name := include "agentops.clusterName" (list . "agentops-inject") -}}
{{- if eq .Values.injection.mode "Webhook" -}}
Check that the MutatingWebhookConfiguration {{ $name }} exists and that the Deployment agentops-webhook in {{ .Release.Namespace }} answers.
{{- else -}}
Check that the MutatingAdmissionPolicyBinding {{ $name }} exists.
{{- end -}}
{{- end }}

{{/* RunHold: whether a request brings a decision, or another one than there was. */}}
{{- define "agentops.cel.decided" -}}
has(object.spec.decision) && (!has(oldObject.spec.decision) || object.spec.decision != oldObject.spec.decision)
{{- end }}

{{/* RunHold: who decided. Of a decision that stays what it was, the one who made it; else who asks. */}}
{{- define "agentops.cel.decider" -}}
has(oldObject.spec.decision) && oldObject.spec.decision.verb == object.spec.decision.verb && has(oldObject.spec.decision.by) ? oldObject.spec.decision.by : request.userInfo.username
{{- end }}
