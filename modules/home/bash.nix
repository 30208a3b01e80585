# bash with a long history.
{ lib, ... }:
{
  programs.bash = {
    enable = lib.mkDefault true;
    historySize = lib.mkDefault 100000;
    historyFileSize = lib.mkDefault 100000;
    # One choice: repeated commands and those that start with a space are not recorded.
    historyControl = lib.mkDefault [ "ignoreboth" ];
  };
}
