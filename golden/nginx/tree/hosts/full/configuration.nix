# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/gitea.nix
    ../../modules/grafana.nix
    ../../modules/nginx.nix
    ../../modules/ollama.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # nginx
      80
      443
    ];
    hostName = "full";
  };

  security.acme = {
    acceptTerms = true;
    defaults.email = "hostmaster@example.org";
  };

  services = {
    gitea.settings.server = {
      DOMAIN = "git.example.org";
      ROOT_URL = "https://git.example.org/";
    };
    grafana.settings.server = {
      domain = "grafana.example.org";
      root_url = "https://grafana.example.org/";
    };
    nginx = {
      clientMaxBodySize = "1g";
      defaultListenAddresses = [
        "0.0.0.0"
        "[::0]"
      ];
      virtualHosts = {
        "ai.example.org" = {
          enableACME = true;
          forceSSL = true;
          locations."/" = {
            extraConfig = ''
              # On the loopback it answers only to local names.
              proxy_set_header Host localhost;
            '';
            proxyPass = "http://ollama";
            proxyWebsockets = true;
            recommendedProxySettings = false;
          };
        };
        "example.org" = {
          default = true;
          enableACME = true;
          forceSSL = true;
          root = "/srv/www";
        };
        "git.example.org" = {
          enableACME = true;
          forceSSL = true;
          locations."/" = {
            proxyPass = "http://gitea";
            proxyWebsockets = true;
          };
          serverAliases = [ "code.example.org" ];
        };
        "grafana.example.org" = {
          enableACME = true;
          forceSSL = true;
          locations."/" = {
            proxyPass = "http://grafana";
            proxyWebsockets = true;
          };
        };
        localhost = {
          enableACME = false;
          forceSSL = false;
          locations."/" = {
            proxyPass = "http://127.0.0.1:8000";
            proxyWebsockets = true;
          };
        };
        "www.example.org" = {
          enableACME = true;
          forceSSL = true;
          globalRedirect = "example.org";
        };
      };
    };
  };

  system.stateVersion = "26.05";
}
