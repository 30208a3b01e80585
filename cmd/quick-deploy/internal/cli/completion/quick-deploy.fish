# Completion of quick-deploy for fish: quick-deploy completion fish > ~/.config/fish/completions/quick-deploy.fish

function __quick_deploy_complete
    set -l words (commandline -opc)
    set -lx QUICK_DEPLOY_COMPLETE (commandline -ct)
    set -l values ($words --generate-shell-completion 2>/dev/null)
    if test (count $values) -gt 0
        printf '%s\n' $values
    else
        __fish_complete_path $QUICK_DEPLOY_COMPLETE
    end
end

complete -c quick-deploy -e
complete -c quick-deploy -f -a '(__quick_deploy_complete)'
