"""Which cluster a user means: flags, kubeconfig, or the service account of the pod, as kubectl finds it."""

import os
from typing import Any

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.config import kube_config

from agentops_operator.cli.exits import Unreachable

DEFAULT_NAMESPACE = "default"
# What the library raises for a file that is no kubeconfig: no YAML, no text, no mapping.
NO_KUBECONFIG = (yaml.YAMLError, UnicodeDecodeError, TypeError, AttributeError)


def settings_of(kubeconfig: str | None, context: str | None) -> tuple[Any, str]:
    """The client's configuration, and the namespace that is meant when none is given.

    Raises:
        Unreachable: there is no kubeconfig and no service account, or it cannot be used.
    """
    settings = type.__call__(client.Configuration)
    # The library retries three times with long waits; a person would rather be told at once.
    settings.retries = urllib3.Retry(0)
    try:
        config.load_kube_config(config_file=kubeconfig, context=context, client_configuration=settings)
    except NO_KUBECONFIG as error:
        raise Unreachable(f"{_name(kubeconfig)} is no kubeconfig") from error
    except (config.ConfigException, OSError) as error:
        if kubeconfig or context:
            raise Unreachable(f"{_name(kubeconfig)}: {error}") from error
        return _in_cluster(settings, error)
    return settings, _namespace_of(kubeconfig, context)


def _name(kubeconfig: str | None) -> str:
    return str(kubeconfig or os.environ.get("KUBECONFIG") or kube_config.KUBE_CONFIG_DEFAULT_LOCATION)


def _namespace_of(kubeconfig: str | None, context: str | None) -> str:
    # The library's own list of contexts wants a current one, also when the user names another.
    content = kube_config.KubeConfigMerger(kubeconfig or kube_config.KUBE_CONFIG_DEFAULT_LOCATION).config
    chosen = kube_config.KubeConfigLoader(content, active_context=context).current_context
    return str(chosen["context"].get("namespace") or DEFAULT_NAMESPACE)


def _in_cluster(settings: Any, error: Exception) -> tuple[Any, str]:
    try:
        config.load_incluster_config(client_configuration=settings)
    except config.ConfigException:
        raise Unreachable(f"no cluster: {str(error).rstrip('.')}. Set KUBECONFIG, or give --kubeconfig.") from error
    return settings, DEFAULT_NAMESPACE
