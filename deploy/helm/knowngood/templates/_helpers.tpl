{{- define "knowngood.name" -}}
{{- if contains "knowngood" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-knowngood" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "knowngood.selector" -}}
app.kubernetes.io/name: knowngood
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "knowngood.labels" -}}
{{ include "knowngood.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* Another name: it has no figures, and what selects workers and probes is not for it. */ -}}
{{- define "knowngood.codec.selector" -}}
app.kubernetes.io/name: knowngood-codec
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "knowngood.codec.labels" -}}
{{ include "knowngood.codec.selector" . }}
app.kubernetes.io/component: codec
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* Of every pod. Takes: root. */ -}}
{{- define "knowngood.pod" -}}
serviceAccountName: {{ include "knowngood.name" . }}
# It asks nothing of Kubernetes.
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "knowngood.image" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "knowngood.contained" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* Where pods may run. Takes the values of a component. */ -}}
{{- define "knowngood.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* One deployment. Takes: root, component ("worker" or "probe-<location>"), args (more of them), of (its values), resources, grace. */ -}}
{{- define "knowngood.deployment" -}}
{{- $root := .root }}
{{- $secrets := hasKey .of "secrets" | ternary .of.secrets $root.Values.secrets }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "knowngood.name" $root }}-{{ .component }}
  labels:
    {{- include "knowngood.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .of.replicas }}
  # Another one polls before this one ends: what it does is not interrupted.
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector:
    matchLabels:
      {{- include "knowngood.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "knowngood.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
      annotations:
        checksum/config: {{ toYaml $root.Values.config | sha256sum }}
        {{- with .of.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "knowngood.pod" $root | nindent 6 }}
      # Running measurements go to the next one.
      terminationGracePeriodSeconds: 30
      containers:
        - name: knowngood
          {{- include "knowngood.image" $root | nindent 10 }}
          args:
            - worker
            {{- range .args }}
            - {{ . | quote }}
            {{- end }}
            - --config
            - /etc/knowngood/knowngood.yaml
            - --metrics
            - 0.0.0.0:{{ $root.Values.metrics.port }}
          env:
            - name: KNOWNGOOD_DATA
              value: /var/lib/knowngood-worker
            {{- with $root.Values.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- with $root.Values.envFrom }}
          envFrom: {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - { name: metrics, containerPort: {{ $root.Values.metrics.port }} }
          # A frozen one measures and decides nothing. Neither Temporal nor the store is asked: without Temporal it ends by itself.
          livenessProbe:
            httpGet: { path: /healthz, port: metrics }
            periodSeconds: 20
            timeoutSeconds: 5
            failureThreshold: 3
          startupProbe:
            httpGet: { path: /healthz, port: metrics }
            periodSeconds: 2
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /healthz, port: metrics }
            periodSeconds: 10
          resources: {{- toYaml .resources | nindent 12 }}
          securityContext: {{- include "knowngood.contained" $root | nindent 12 }}
          volumeMounts:
            - { name: config, mountPath: /etc/knowngood, readOnly: true }
            - { name: state, mountPath: /var/lib/knowngood-worker }
            - { name: tmp, mountPath: /tmp }
            {{- range $secrets }}
            - { name: secret-{{ . }}, mountPath: /run/secrets/knowngood/{{ . }}, readOnly: true }
            {{- end }}
      volumes:
        - name: config
          configMap: { name: {{ include "knowngood.name" $root }} }
        # Samples that wait for a store that is away.
        - name: state
          emptyDir: { sizeLimit: 256Mi }
        - name: tmp
          emptyDir: { sizeLimit: 64Mi }
        {{- range $secrets }}
        - name: secret-{{ . }}
          secret: { secretName: {{ . }}, defaultMode: 0440 }
        {{- end }}
      {{- include "knowngood.placement" .of | nindent 6 }}
{{- end }}
