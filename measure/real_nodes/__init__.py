"""The agent on a real Debian node: systemd, polkit and chrony in a container with an init of its own."""
