"""Kubernetes without a cluster: an API server, played or real, and a played kubelet."""
