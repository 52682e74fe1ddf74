# All images of the product. `make binaries` compiles the Go programs into build/bin first; they are static, so that the
# images below need no Go toolchain (docs/install.md, Images):
#
#   docker build --target operator  -t agentops/operator:dev .
#   docker build --target evals     -t agentops/evals:dev .
#   docker build --target collector -t agentops/collector:dev .
#   docker build --target gateway   -t agentops/gateway:dev .
#   docker build --target mask      -t agentops/mask:dev .
ARG BASE=python:3.13-slim

# --- Python dependencies, each pinned by hash ------------------------------------------------------------------------
FROM ${BASE} AS operator-packages
COPY requirements.lock /tmp/requirements.lock
RUN python3 -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /tmp/requirements.lock \
 && /opt/venv/bin/python -m pip uninstall --quiet --yes pip

FROM ${BASE} AS evals-packages
COPY requirements-evals.lock /tmp/requirements.lock
RUN python3 -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /tmp/requirements.lock \
 && /opt/venv/bin/python -m pip uninstall --quiet --yes pip

# --- Data plane ------------------------------------------------------------------------------------------------------
FROM scratch AS mask
COPY build/bin/agentops-mask /agentops-mask
USER 65532:65532
ENTRYPOINT ["/agentops-mask"]

FROM ${BASE} AS certificates

FROM scratch AS collector
# Backends are reached over TLS; an empty image trusts nobody.
COPY --from=certificates /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY build/bin/agentops-collector /agentops-collector
USER 65532:65532
ENTRYPOINT ["/agentops-collector"]
# The relay's pod names its own command; an injected container is the sidecar.
CMD ["sidecar"]

FROM scratch AS gateway
# Providers are reached over TLS.
COPY --from=certificates /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY build/bin/agentops-gateway /agentops-gateway
USER 65532:65532
EXPOSE 4000 4001 8889
ENTRYPOINT ["/agentops-gateway"]

# --- Evaluation runner -----------------------------------------------------------------------------------------------
FROM ${BASE} AS evals
COPY --from=evals-packages /opt/venv /opt/venv
COPY build/bin/agentops-mask /usr/local/bin/agentops-mask
COPY operator/agentops_evals /app/agentops_evals
# Only what the runner shares with the operator: its types, and what passes between the two.
COPY operator/agentops_operator/__init__.py /app/agentops_operator/__init__.py
COPY operator/agentops_operator/api /app/agentops_operator/api
COPY operator/agentops_operator/kube /app/agentops_operator/kube
COPY operator/agentops_operator/policies /app/agentops_operator/policies
RUN /opt/venv/bin/python -m compileall -q /app
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
USER 65532:65532
ENTRYPOINT ["/opt/venv/bin/python", "-m", "agentops_evals.main"]

# --- Operator --------------------------------------------------------------------------------------------------------
FROM ${BASE} AS operator
COPY --from=operator-packages /opt/venv /opt/venv
COPY build/bin/agentops-mask /usr/local/bin/agentops-mask
COPY operator/agentops_operator /app/agentops_operator
# The root file system is read-only in the cluster: compiled once here, the code starts without compiling it each time.
RUN /opt/venv/bin/python -m compileall -q /app
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
# By number, because `runAsNonRoot` cannot judge a name.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/opt/venv/bin/python", "-m", "agentops_operator.handlers"]
