#compdef eupay
# eupay completion for zsh: source <(eupay completion zsh), after compinit
_eupay() {
    local prev="${words[CURRENT-1]}" at="" word
    for word in "${(@)words[2,CURRENT-1]}"; do
        case "${at:+$at }$word" in
            "listen"|"trigger"|"completion") at="${at:+$at }$word" ;;
        esac
    done
    case "$prev" in
        --api) return ;;
        --forward-to) return ;;
        --events) return ;;
        --headers) return ;;
        --amount) return ;;
        --reference) return ;;
        --timeout) return ;;
    esac
    case "$at" in
        "") compadd -- listen trigger completion --help -h --api ;;
        "listen") compadd -- --help -h --api --forward-to --events --headers --skip-verify --latest --retry --json --print-secret ;;
        "trigger") compadd -- payment.created payment.pending_sca payment.completed payment.failed payment.cancelled payment.amount_mismatch payment.late_receipt payment.refunded refund.created refund.pending_sca refund.completed refund.failed refund.cancelled refund.amount_mismatch payment_link.paid payment_link.expired payment_link.revoked subscription.created subscription.pending_sca subscription.active subscription.failed subscription.untracked subscription.stopped subscription.replaced subscription.occurrence.due subscription.occurrence.paid subscription.occurrence.missed subscription.completed order.awaiting_payment order.received order.preparing order.ready order.served order.cancelled order.payment_failed order.paid_late till.closed reward.adjusted reward.redeemed reward.released invoice.created invoice.submitted invoice.submission_failed invoice.status_updated invoice.failed invoice.payment_received invoice.paid invoice.cancelled invoice.credited invoice.refunded --help -h --api --amount --reference --timeout --list ;;
        "completion") compadd -- bash zsh fish --help -h --api ;;
    esac
}
if [ "$funcstack[1]" = "_eupay" ]; then _eupay "$@"; else compdef _eupay eupay; fi
