{{/* The image reference of one of .Values.image.{operator,collector,gateway,store,evals}. Call with (list $ "collector"). */}}
{{- define "agentops.repository" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.image (index . 1) -}}
{{- with $root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository }}
{{- end }}

{{- define "agentops.tag" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.image (index . 1) -}}
{{- $image.tag | default $root.Chart.AppVersion }}
{{- end }}

{{- define "agentops.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.image (index . 1) -}}
{{- include "agentops.repository" . -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ include "agentops.tag" . }}{{ end }}
{{- end }}

{{/* Labels of every object. Call with (list $ "operator"); the second is the component. */}}
{{- define "agentops.labels" -}}
{{- $root := index . 0 -}}
{{ include "agentops.selectorLabels" . }}
app.kubernetes.io/part-of: agentops
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The labels that find the pods of a component; the operator stamps the relay's pods with the same. */}}
{{- define "agentops.selectorLabels" -}}
app.kubernetes.io/name: agentops-{{ index . 1 }}
{{- end }}

{{- define "agentops.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:agentops-operator
{{- end }}

{{/*
Names of cluster-scoped objects. Several namespaced installs share a cluster,
so without the namespace in the name the second one would take over the first one's objects.
*/}}
{{- define "agentops.clusterName" -}}
{{- $root := index . 0 -}}
{{- if eq $root.Values.install.mode "namespaced" }}{{ index . 1 }}-{{ $root.Release.Namespace }}{{ else }}{{ index . 1 }}{{ end }}
{{- end }}

{{/* The namespaces that the operator works in, as JSON list; empty in cluster mode. */}}
{{- define "agentops.watchNamespaces" -}}
{{- if eq .Values.install.mode "namespaced" -}}
{{- append .Values.install.watchNamespaces .Release.Namespace | uniq | sortAlpha | toJson -}}
{{- else -}}
[]
{{- end -}}
{{- end }}

{{/*
The namespaces whose pods the policies look at. kube-system must start whatever state we are in;
our own namespace must, or a relay that is down could never come back.
*/}}
{{- define "agentops.podNamespaces" -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ concat (list "kube-system" "kube-node-lease" .Release.Namespace) .Values.injection.excludeNamespaces | uniq | toJson }}
{{- if eq .Values.install.mode "namespaced" }}
  - key: kubernetes.io/metadata.name
    operator: In
    values: {{ include "agentops.watchNamespaces" . }}
{{- end }}
{{- end }}

{{/* The namespaces whose RunHolds the policies look at: those of this installation. */}}
{{- define "agentops.holdNamespaces" -}}
{{- if eq .Values.install.mode "namespaced" -}}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values: {{ include "agentops.watchNamespaces" . }}
{{- end }}
{{- end }}

{{/* Container security context that the Pod Security level "restricted" accepts. */}}
{{- define "agentops.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "agentops.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Whether the chart brings the gateway's state store. */}}
{{- define "agentops.embeddedStore" -}}
{{- and .Values.gateway.enabled (eq .Values.gateway.store.mode "Embedded") -}}
{{- end }}

{{- define "agentops.validateStore" -}}
{{- $external := or .url .secret .addresses .master .serverName (ne .topology "Single") -}}
{{- if and (eq .mode "Embedded") $external -}}
{{- fail "gateway.store.url, topology, addresses, master, serverName and secret belong to gateway.store.mode External: set it, or remove them" -}}
{{- end -}}
{{- if and (eq .mode "External") (not .url) -}}
{{- fail "gateway.store.mode is External: set gateway.store.url; a password belongs into the Secret of gateway.store.secret" -}}
{{- end -}}
{{- if ne (eq .topology "Sentinel") (ne .master "") -}}
{{- fail "gateway.store.master names what Sentinels watch: set it with gateway.store.topology Sentinel, and only with it" -}}
{{- end -}}
{{- if and (eq .topology "Single") .addresses -}}
{{- fail "gateway.store.addresses are further Sentinels or nodes: set gateway.store.topology to Sentinel or Cluster, or remove them" -}}
{{- end -}}
{{- if and .serverName (not (hasPrefix "rediss://" .url)) -}}
{{- fail "gateway.store.serverName is for TLS: write rediss:// in gateway.store.url, or remove it" -}}
{{- end -}}
{{- end }}

{{/* Without a request for CPU there is nothing of which an autoscaler could take a share. */}}
{{- define "agentops.validateAutoscaling" -}}
{{- with .autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail (printf "gateway.autoscaling.minReplicas is %d and maxReplicas %d: the first must not be more" (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
{{- if and .enabled (not (dig "requests" "cpu" "" $.resources)) -}}
{{- fail "gateway.autoscaling takes a share of gateway.resources.requests.cpu: set it" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "agentops.validate" -}}
{{- if .Values.gateway.enabled -}}
{{- include "agentops.validateStore" .Values.gateway.store -}}
{{- include "agentops.validateAutoscaling" .Values.gateway -}}
{{- end -}}
{{- if and (eq .Values.install.mode "namespaced") (not .Values.install.watchNamespaces) -}}
{{- fail "install.mode is namespaced: name the namespaces in install.watchNamespaces" -}}
{{- end -}}
{{- if and (eq .Values.install.mode "cluster") .Values.install.watchNamespaces -}}
{{- fail "install.watchNamespaces is set but install.mode is cluster: set install.mode=namespaced or remove the list" -}}
{{- end -}}
{{- if and (eq .Values.injection.mode "Policy") (semverCompare "<1.36.0-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "injection.mode=Policy needs Kubernetes 1.36 (MutatingAdmissionPolicy v1); this is %s. Set injection.mode to Webhook or Disabled" .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if eq .Values.injection.mode "Webhook" -}}
{{- include "agentops.validateWebhook" .Values.webhook -}}
{{- end -}}
{{- end }}

{{/* The chart makes no certificate itself: a random one would be another at each rendering, a change on every GitOps sync. */}}
{{- define "agentops.validateWebhook" -}}
{{- if and .certManager.enabled (or .tlsSecret .caBundle) -}}
{{- fail "webhook.certManager.enabled makes the certificate: remove webhook.tlsSecret and webhook.caBundle" -}}
{{- end -}}
{{- if and (not .certManager.enabled) (not (and .tlsSecret .caBundle)) -}}
{{- fail "injection.mode=Webhook needs a certificate: set webhook.certManager.enabled, or webhook.tlsSecret and webhook.caBundle (docs/injection.md has the commands)" -}}
{{- end -}}
{{- end }}
