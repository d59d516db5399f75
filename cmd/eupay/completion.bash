# eupay: completion for bash. Use it with: source <(eupay completion bash)
_eupay() {
  local events="payment.completed payment.failed payment.cancelled payment.refunded" words="listen trigger completion --help --api" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      listen) words="--forward-to --events --retry --json --print-secret --api --help" ;;
      trigger) words="$events --amount --reference --timeout --list --api --help" ;;
      completion) words="bash zsh fish" ;;
    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _eupay eupay
