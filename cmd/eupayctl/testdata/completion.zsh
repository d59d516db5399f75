#compdef eupayctl
# eupayctl completion for zsh: source <(eupayctl completion zsh), after compinit
_eupayctl() {
    local prev="${words[CURRENT-1]}" at="" word
    for word in "${(@)words[2,CURRENT-1]}"; do
        case "${at:+$at }$word" in
            "events"|"events tail"|"events show"|"events emit"|"replay"|"dlq"|"dlq list"|"dlq show"|"dlq requeue"|"streams"|"streams status"|"einvoice"|"einvoice resubmit"|"einvoice status"|"einvoice export"|"einvoice verify"|"einvoice anchors"|"journal"|"journal verify"|"admin"|"admin create"|"payments"|"payments history"|"payments show"|"payments stuck"|"payments reconcile"|"payments rebuild"|"archive"|"archive list"|"archive show"|"archive verify"|"archive read"|"numbers"|"numbers raise"|"database"|"database prepare"|"database migrate"|"keys"|"keys rotate"|"gdpr"|"gdpr export"|"gdpr erase"|"smoke"|"doctor"|"leaders"|"completion") at="${at:+$at }$word" ;;
        esac
    done
    case "$prev" in
        --output|-o) compadd -- table json; return ;;
        --mode) compadd -- live test; return ;;
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
        "") compadd -- events replay dlq streams einvoice journal admin payments archive numbers database keys gdpr smoke doctor leaders completion --help -h --nats-url --run-dir --output -o --timeout ;;
        "events") compadd -- tail show emit --help -h --nats-url --run-dir --output -o --timeout ;;
        "events tail") compadd -- --help -h --nats-url --run-dir --output -o --timeout --merchant --mode --since --type --follow -f ;;
        "events show") compadd -- --help -h --nats-url --run-dir --output -o --timeout --since ;;
        "events emit") compadd -- --help -h --nats-url --run-dir --output -o --timeout --since --dry-run --run ;;
        "replay") compadd -- --help -h --nats-url --run-dir --output -o --timeout --merchant --mode --consumer --filter --id --since --from-sequence --until --rate --redeliver --run --dry-run ;;
        "dlq") compadd -- list show requeue --help -h --nats-url --run-dir --output -o --timeout ;;
        "dlq list") compadd -- --help -h --nats-url --run-dir --output -o --timeout --consumer ;;
        "dlq show") compadd -- --help -h --nats-url --run-dir --output -o --timeout ;;
        "dlq requeue") compadd -- --help -h --nats-url --run-dir --output -o --timeout --all --consumer --run ;;
        "streams") compadd -- status --help -h --nats-url --run-dir --output -o --timeout ;;
        "streams status") compadd -- --help -h --nats-url --run-dir --output -o --timeout --max-lag ;;
        "einvoice") compadd -- resubmit status export verify anchors --help -h --nats-url --run-dir --output -o --timeout ;;
        "einvoice resubmit") compadd -- --help -h --nats-url --run-dir --output -o --timeout --invoice --merchant --live --run ;;
        "einvoice status") compadd -- --help -h --nats-url --run-dir --output -o --timeout --merchant --live ;;
        "einvoice export") compadd -- --help -h --nats-url --run-dir --output -o --timeout --merchant --from --to --live --force ;;
        "einvoice verify") compadd -- --help -h --nats-url --run-dir --output -o --timeout --merchant --live --anchors ;;
        "einvoice anchors") compadd -- --help -h --nats-url --run-dir --output -o --timeout --merchant --live --from ;;
        "journal") compadd -- verify --help -h --nats-url --run-dir --output -o --timeout ;;
        "journal verify") compadd -- --help -h --nats-url --run-dir --output -o --timeout --merchant --live --kept ;;
        "admin") compadd -- create --help -h --nats-url --run-dir --output -o --timeout ;;
        "admin create") compadd -- --help -h --nats-url --run-dir --output -o --timeout --email --another --unless-any --run ;;
        "payments") compadd -- history show stuck reconcile rebuild --help -h --nats-url --run-dir --output -o --timeout ;;
        "payments history") compadd -- --help -h --nats-url --run-dir --output -o --timeout --answers ;;
        "payments show") compadd -- --help -h --nats-url --run-dir --output -o --timeout ;;
        "payments stuck") compadd -- --help -h --nats-url --run-dir --output -o --timeout --overdue --limit ;;
        "payments reconcile") compadd -- --help -h --nats-url --run-dir --output -o --timeout --stuck --overdue --limit --run ;;
        "payments rebuild") compadd -- --help -h --nats-url --run-dir --output -o --timeout --since --run ;;
        "archive") compadd -- list show verify read --help -h --nats-url --run-dir --output -o --timeout ;;
        "archive list") compadd -- --help -h --nats-url --run-dir --output -o --timeout ;;
        "archive show") compadd -- --help -h --nats-url --run-dir --output -o --timeout ;;
        "archive verify") compadd -- --help -h --nats-url --run-dir --output -o --timeout ;;
        "archive read") compadd -- --help -h --nats-url --run-dir --output -o --timeout --reference --merchant --day ;;
        "numbers") compadd -- raise --help -h --nats-url --run-dir --output -o --timeout ;;
        "numbers raise") compadd -- --help -h --nats-url --run-dir --output -o --timeout --since --run ;;
        "database") compadd -- prepare migrate --help -h --nats-url --run-dir --output -o --timeout ;;
        "database prepare") compadd -- --help -h --nats-url --run-dir --output -o --timeout --run ;;
        "database migrate") compadd -- --help -h --nats-url --run-dir --output -o --timeout --run ;;
        "keys") compadd -- rotate --help -h --nats-url --run-dir --output -o --timeout ;;
        "keys rotate") compadd -- --help -h --nats-url --run-dir --output -o --timeout --run ;;
        "gdpr") compadd -- export erase --help -h --nats-url --run-dir --output -o --timeout ;;
        "gdpr export") compadd -- --help -h --nats-url --run-dir --output -o --timeout --email --customer --payment --merchant --force ;;
        "gdpr erase") compadd -- --help -h --nats-url --run-dir --output -o --timeout --email --customer --payment --merchant --by --run ;;
        "smoke") compadd -- --help -h --nats-url --run-dir --output -o --timeout --api --pages ;;
        "doctor") compadd -- --help -h --nats-url --run-dir --output -o --timeout --max-lag --overdue ;;
        "leaders") compadd -- --help -h --nats-url --run-dir --output -o --timeout ;;
        "completion") compadd -- bash zsh fish --help -h --nats-url --run-dir --output -o --timeout ;;
    esac
}
if [ "$funcstack[1]" = "_eupayctl" ]; then _eupayctl "$@"; else compdef _eupayctl eupayctl; fi
