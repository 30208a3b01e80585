# Completion of quick-deploy for bash: source <(quick-deploy completion bash)

_quick_deploy() {
  local line=${COMP_LINE:0:COMP_POINT} cur='' fixed='' value words
  read -ra words <<< "$line"
  if [[ $line != *[[:space:]] ]]; then
    cur=${words[-1]}
    unset 'words[-1]'
  fi
  # Readline takes : and = for the ends of words, and replaces only what comes after them.
  [[ $cur == *[:=]* ]] && fixed=${cur%"${cur##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r value _; do
    [[ $value == "$cur"* ]] && COMPREPLY+=("${value#"$fixed"}")
  done < <(QUICK_DEPLOY_COMPLETE=$cur "${words[@]}" --generate-shell-completion 2> /dev/null)
}

complete -o default -F _quick_deploy quick-deploy
