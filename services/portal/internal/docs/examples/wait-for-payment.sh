# Every 3 seconds, for at most 10 minutes. The endpoint is public: no key.
for i in $(seq 200); do
  status=$(curl -s "{{base}}/gateway/payments/$REFERENCE/status" | sed -n 's/.*"status":"\([a-z_]*\)".*/\1/p')
  case "$status" in completed | failed | cancelled) echo "$status"; break ;; esac
  sleep 3
done
