{{- define "neumann-bot.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "neumann-bot.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "neumann-bot.labels" -}}
{{ include "neumann-bot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "neumann-bot.account" -}}
{{ .Values.serviceAccount.name | default (include "neumann-bot.name" .) }}
{{- end }}

{{- /* One of the two parts; takes the root as "root", and "part": web or worker. */ -}}
{{- define "neumann-bot.deployment" -}}
{{- $ := .root }}
{{- $part := .part }}
{{- $values := index $.Values $part }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "neumann-bot.name" $ }}-{{ $part }}
  labels:
    {{- include "neumann-bot.labels" $ | nindent 4 }}
    app.kubernetes.io/component: {{ $part }}
spec:
  replicas: {{ $values.replicas }}
  # What one replica leaves half done another goes on with, so a new one may come before an old one goes.
  strategy: { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector:
    matchLabels:
      {{- include "neumann-bot.selector" $ | nindent 6 }}
      app.kubernetes.io/component: {{ $part }}
  template:
    metadata:
      labels:
        {{- with $.Values.podLabels }}{{ toYaml . | nindent 8 }}{{ end }}
        {{- include "neumann-bot.labels" $ | nindent 8 }}
        app.kubernetes.io/component: {{ $part }}
      annotations:
        # A changed configuration comes with new pods.
        checksum/config: {{ $.Values.config | sha256sum }}
        {{- with $.Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      serviceAccountName: {{ include "neumann-bot.account" $ }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $.Values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      # It finishes what it holds, or lets go of it, within ten seconds of SIGTERM.
      terminationGracePeriodSeconds: 30
      securityContext: {{- toYaml $.Values.podSecurityContext | nindent 8 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "neumann-bot.selector" $ | nindent 14 }}
              app.kubernetes.io/component: {{ $part }}
      containers:
        - name: {{ $part }}
          image: "{{ $.Values.image.repository }}:{{ $.Values.image.tag | default $.Chart.AppVersion }}"
          imagePullPolicy: {{ $.Values.image.pullPolicy }}
          args: [{{ $part }}, --config, /etc/neumann-bot/neumann-bot.toml]
          env:
            - { name: NEUMANN_BOT_WEB__STATUS_HOST, value: {{ $.Values.listenHost | quote }} }
            {{- if eq $part "web" }}
            - { name: NEUMANN_BOT_WEB__HOST, value: {{ $.Values.listenHost | quote }} }
            - { name: NEUMANN_BOT_WEB__PORT, value: "8080" }
            - { name: NEUMANN_BOT_WEB__STATUS_PORT, value: "8081" }
            {{- else }}
            - { name: NEUMANN_BOT_WEB__WORKER_STATUS_PORT, value: "8081" }
            {{- end }}
            - name: NEUMANN_BOT_REDIS__URL
              valueFrom: { secretKeyRef: { name: {{ $.Values.redis.existingSecret }}, key: {{ $.Values.redis.urlKey }} } }
            {{- if $.Values.redis.passwordKey }}
            - { name: NEUMANN_BOT_REDIS__PASSWORD__FILE, value: /etc/neumann-bot/redis-password }
            {{- end }}
            {{- with $.Values.extraEnv }}{{ toYaml . | nindent 12 }}{{ end }}
          ports:
            {{- if eq $part "web" }}
            - { name: http, containerPort: 8080 }
            {{- end }}
            - { name: status, containerPort: 8081 }
          # Alive is the process, and that its worker gets on; ready is Redis too, or Kubernetes would restart what Redis ails.
          startupProbe: { httpGet: { path: /livez, port: status }, periodSeconds: 2, failureThreshold: 30 }
          livenessProbe: { httpGet: { path: /livez, port: status }, periodSeconds: 10, timeoutSeconds: 5 }
          readinessProbe: { httpGet: { path: /readyz, port: status }, periodSeconds: 5, timeoutSeconds: 5 }
          resources: {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: settings, mountPath: /etc/neumann-bot, readOnly: true }
      {{- with $.Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $.Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $.Values.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
      volumes:
        - name: settings
          projected:
            # Readable for the pod's group alone: the bot refuses a secret that others can read.
            defaultMode: 0440
            sources:
              - configMap: { name: {{ $.Values.existingConfigMap | default (include "neumann-bot.name" $) }} }
              - secret: { name: {{ $.Values.existingSecret }} }
              {{- if $.Values.redis.passwordKey }}
              - secret:
                  name: {{ $.Values.redis.existingSecret }}
                  items: [{ key: {{ $.Values.redis.passwordKey }}, path: redis-password }]
              {{- end }}
{{- end }}
