# eupay: completion for fish. Use it with: eupay completion fish | source
set -l events payment.completed payment.failed payment.cancelled payment.refunded
complete -c eupay -f
complete -c eupay -l api -r -d "Base URL of the API"
complete -c eupay -l help -d "Show help"
complete -c eupay -n __fish_use_subcommand -a listen -d "Show test-mode webhooks, and forward them"
complete -c eupay -n __fish_use_subcommand -a trigger -d "Make a test payment that ends with the event"
complete -c eupay -n __fish_use_subcommand -a completion -d "Print a completion script"
complete -c eupay -n "__fish_seen_subcommand_from listen" -l forward-to -r -d "Where webhooks go"
complete -c eupay -n "__fish_seen_subcommand_from listen" -l events -r -d "Event types"
complete -c eupay -n "__fish_seen_subcommand_from listen" -l retry -d "Repeat what was not taken"
complete -c eupay -n "__fish_seen_subcommand_from listen" -l json -d "Print each webhook as a line of JSON"
complete -c eupay -n "__fish_seen_subcommand_from listen" -l print-secret -d "Print the secret and end"
complete -c eupay -n "__fish_seen_subcommand_from trigger" -a "$events"
complete -c eupay -n "__fish_seen_subcommand_from trigger" -l amount -r -d "Euros"
complete -c eupay -n "__fish_seen_subcommand_from trigger" -l reference -r -d "Your reference"
complete -c eupay -n "__fish_seen_subcommand_from trigger" -l timeout -r -d "How long to wait"
complete -c eupay -n "__fish_seen_subcommand_from trigger" -l list -d "List the events"
complete -c eupay -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"
