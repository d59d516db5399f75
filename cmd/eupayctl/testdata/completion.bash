# eupayctl completion for bash: source <(eupayctl completion bash)
_eupayctl() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" at="" word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "${at:+$at }$word" in
            "events"|"events tail"|"events show"|"events emit"|"replay"|"dlq"|"dlq list"|"dlq show"|"dlq requeue"|"streams"|"streams status"|"einvoice"|"einvoice resubmit"|"einvoice status"|"einvoice export"|"einvoice verify"|"einvoice anchors"|"journal"|"journal verify"|"admin"|"admin create"|"payments"|"payments history"|"payments show"|"payments stuck"|"payments reconcile"|"payments rebuild"|"archive"|"archive list"|"archive show"|"archive verify"|"archive read"|"numbers"|"numbers raise"|"database"|"database prepare"|"database migrate"|"keys"|"keys rotate"|"gdpr"|"gdpr export"|"gdpr erase"|"smoke"|"doctor"|"leaders"|"completion") at="${at:+$at }$word" ;;
        esac
    done
    COMPREPLY=()
    case "$prev" in
        --output|-o) COMPREPLY=($(compgen -W "table json" -- "$cur")); return ;;
        --mode) COMPREPLY=($(compgen -W "live test" -- "$cur")); return ;;
        --nats-url) return ;;
        --run-dir) return ;;
        --timeout) return ;;
        --merchant) return ;;
        --since) return ;;
        --type) return ;;
        --consumer) return ;;
        --filter) return ;;
        --id) return ;;
        --from-sequence) return ;;
        --until) return ;;
        --rate) return ;;
        --max-lag) return ;;
        --invoice) return ;;
        --from) return ;;
        --to) return ;;
        --anchors) return ;;
        --kept) return ;;
        --email) return ;;
        --overdue) return ;;
        --limit) return ;;
        --reference) return ;;
        --day) return ;;
        --customer) return ;;
        --payment) return ;;
        --by) return ;;
        --api) return ;;
        --pages) return ;;
    esac
    case "$at" in
        "") COMPREPLY=($(compgen -W "events replay dlq streams einvoice journal admin payments archive numbers database keys gdpr smoke doctor leaders completion --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "events") COMPREPLY=($(compgen -W "tail show emit --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "events tail") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --merchant --mode --since --type --follow -f" -- "$cur")) ;;
        "events show") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --since" -- "$cur")) ;;
        "events emit") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --since --dry-run --run" -- "$cur")) ;;
        "replay") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --merchant --mode --consumer --filter --id --since --from-sequence --until --rate --redeliver --run --dry-run" -- "$cur")) ;;
        "dlq") COMPREPLY=($(compgen -W "list show requeue --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "dlq list") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --consumer" -- "$cur")) ;;
        "dlq show") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "dlq requeue") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --all --consumer --run" -- "$cur")) ;;
        "streams") COMPREPLY=($(compgen -W "status --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "streams status") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --max-lag" -- "$cur")) ;;
        "einvoice") COMPREPLY=($(compgen -W "resubmit status export verify anchors --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "einvoice resubmit") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --invoice --merchant --live --run" -- "$cur")) ;;
        "einvoice status") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --merchant --live" -- "$cur")) ;;
        "einvoice export") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --merchant --from --to --live --force" -- "$cur")) ;;
        "einvoice verify") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --merchant --live --anchors" -- "$cur")) ;;
        "einvoice anchors") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --merchant --live --from" -- "$cur")) ;;
        "journal") COMPREPLY=($(compgen -W "verify --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "journal verify") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --merchant --live --kept" -- "$cur")) ;;
        "admin") COMPREPLY=($(compgen -W "create --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "admin create") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --email --another --unless-any --run" -- "$cur")) ;;
        "payments") COMPREPLY=($(compgen -W "history show stuck reconcile rebuild --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "payments history") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --answers" -- "$cur")) ;;
        "payments show") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "payments stuck") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --overdue --limit" -- "$cur")) ;;
        "payments reconcile") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --stuck --overdue --limit --run" -- "$cur")) ;;
        "payments rebuild") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --since --run" -- "$cur")) ;;
        "archive") COMPREPLY=($(compgen -W "list show verify read --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "archive list") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "archive show") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "archive verify") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "archive read") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --reference --merchant --day" -- "$cur")) ;;
        "numbers") COMPREPLY=($(compgen -W "raise --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "numbers raise") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --since --run" -- "$cur")) ;;
        "database") COMPREPLY=($(compgen -W "prepare migrate --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "database prepare") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --run" -- "$cur")) ;;
        "database migrate") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --run" -- "$cur")) ;;
        "keys") COMPREPLY=($(compgen -W "rotate --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "keys rotate") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --run" -- "$cur")) ;;
        "gdpr") COMPREPLY=($(compgen -W "export erase --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "gdpr export") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --email --customer --payment --merchant --force" -- "$cur")) ;;
        "gdpr erase") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --email --customer --payment --merchant --by --run" -- "$cur")) ;;
        "smoke") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --api --pages" -- "$cur")) ;;
        "doctor") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout --max-lag --overdue" -- "$cur")) ;;
        "leaders") COMPREPLY=($(compgen -W "--help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
        "completion") COMPREPLY=($(compgen -W "bash zsh fish --help -h --nats-url --run-dir --output -o --timeout" -- "$cur")) ;;
    esac
}
complete -F _eupayctl eupayctl
