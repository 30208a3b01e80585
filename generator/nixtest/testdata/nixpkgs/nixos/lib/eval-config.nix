# Where other tools look for it.
args: import ../eval-config.nix ({ lib = import ../../lib; } // args)
