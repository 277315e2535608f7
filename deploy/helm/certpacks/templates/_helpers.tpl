{{- define "certpacks.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "certpacks.selector" -}}
app.kubernetes.io/name: certpacks
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "certpacks.labels" -}}
{{ include "certpacks.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "certpacks.image" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- /* What every container of ours may do: nothing but its work. */ -}}
{{- define "certpacks.confined" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "certpacks.podConfined" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "certpacks.secrets" -}}
- name: CERTPACKS_DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.existingSecret | quote }}, key: database-url } }
- name: CERTPACKS_KEK
  valueFrom: { secretKeyRef: { name: {{ .Values.existingSecret | quote }}, key: kek } }
{{- end }}
