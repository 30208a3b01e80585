#compdef quick-deploy
# Completion of quick-deploy for zsh: source <(quick-deploy completion zsh)

_quick_deploy() {
  local -a before values shown
  local line value
  before=("${(@Q)words[1,CURRENT-1]}")
  for line in "${(@f)$(QUICK_DEPLOY_COMPLETE=${words[CURRENT]} "${before[@]}" --generate-shell-completion 2> /dev/null)}"; do
    value=${line%%$'\t'*}
    [[ -n $value ]] || continue
    values+=("$value")
    shown+=("${line/$'\t'/  -- }")
  done
  if (( $#values )); then
    compadd -l -d shown -a values
  else
    _files
  fi
}

if [[ $funcstack[1] == _quick_deploy ]]; then
  _quick_deploy "$@"
else
  compdef _quick_deploy quick-deploy
fi
