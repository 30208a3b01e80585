# Grafana Alloy, the successor of promtail: sends the journal of this machine to Loki.
{ config, lib, ... }:
let
  inherit (config.services) loki;
in
{
  services.alloy = {
    enable = lib.mkDefault true;
    # A host's own flags come later, and of a repeated flag the last one counts.
    extraFlags = lib.mkBefore [
      "--server.http.listen-addr=127.0.0.1:12345"
      "--disable-reporting"
    ];
  };

  systemd.services.alloy.environment = {
    LOKI_URL = lib.mkDefault (
      if loki.enable then
        "http://127.0.0.1:${toString loki.configuration.server.http_listen_port}/loki/api/v1/push"
      else
        "http://127.0.0.1:3100/loki/api/v1/push"
    );
    LOKI_HOST = lib.mkDefault config.networking.hostName;
  };

  environment.etc."alloy/config.alloy".text = lib.mkDefault ''
    loki.relabel "journal" {
      forward_to = []

      rule {
        source_labels = ["__journal__systemd_unit"]
        target_label  = "unit"
      }
      rule {
        source_labels = ["__journal_priority_keyword"]
        target_label  = "level"
      }
    }

    loki.source.journal "journal" {
      max_age       = "12h"
      labels        = { job = "journal", host = sys.env("LOKI_HOST") }
      relabel_rules = loki.relabel.journal.rules
      forward_to    = [loki.write.loki.receiver]
    }

    loki.write "loki" {
      endpoint {
        url = sys.env("LOKI_URL")
      }
    }
  '';
}
