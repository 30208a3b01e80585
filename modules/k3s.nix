# A Kubernetes node with k3s. Its kubeconfig belongs to root; other nodes can join once the firewall
# lets them.
{ lib, ... }:
{
  services.k3s = {
    enable = lib.mkDefault true;
    gracefulNodeShutdown.enable = lib.mkDefault true;
  };

  # Pods reach the API server and each other through the host.
  networking.firewall.trustedInterfaces = [
    "cni0"
    "flannel.1"
  ];
}
