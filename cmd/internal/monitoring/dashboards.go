package monitoring

// Dashboards returns all dashboards.
func Dashboards() []Dashboard {
	return []Dashboard{overview(), payments(), webhooks(), infrastructure(), invoicing()}
}

func overview() Dashboard {
	return Dashboard{
		File: "overview", Title: "Overview", Description: "Are the objectives of docs/slo.md met, and does every part work?",
		Rows: []Row{
			{"Objectives: how fast the budget is spent. 1: it lasts exactly 30 days. 14.4 for an hour wakes somebody", []Panel{
				{
					Title: "Payments are created, and fast", Says: "Server errors, and answers after more than 2.5 s.", Unit: "short", Red: 14.4,
					Queries: budget("eupay:creation_bad:ratio_rate"),
				},
				{
					Title: "Merchants hear in time", Says: "Steps from the bank's word to the webhook that took more than 5 s.", Unit: "short", Red: 14.4,
					Queries: budget("eupay:news_late:ratio_rate"),
				},
				{
					Title: "Nothing is stuck", Says: "The time in which something waited that nobody worked on.", Unit: "short", Red: 14.4,
					Queries: budget("eupay:stuck:ratio_avg"),
				},
			}},
			{"The API", []Panel{
				{
					Title: "Requests", Says: "By status. 4xx are the callers' mistakes.", Unit: "reqps",
					Queries: rate("eupay_gateway_http_request_seconds_count", "status", "{{status}}"),
				},
				{
					Title: "Server errors by route", Says: "Normal is none.", Unit: "reqps",
					Queries: rate(`eupay_gateway_http_request_seconds_count{status=~"5.."}`, "method, route", "{{method}} {{route}}"),
				},
				{Title: "Slowest routes, 95 %", Says: "A creation of a payment waits for the bank.", Unit: "s", Queries: one(
					"topk(10, histogram_quantile(0.95, sum by (le, route) (rate(eupay_gateway_http_request_seconds_bucket[$__rate_interval]))))", "{{route}}")},
				{Title: "Calls refused by rate limits", Says: "As a share of all limited calls.", Unit: "percentunit", Queries: one(
					`sum(rate(eupay_gateway_rate_limit_decisions_total{decision="refused"}[$__rate_interval])) / sum(rate(eupay_gateway_rate_limit_decisions_total[$__rate_interval]))`,
					"refused")},
				{
					Title: "Limits counted in each replica", Says: "Redis is away while this is above 0.", Unit: "reqps", Red: 0.01,
					Queries: one("sum(rate(eupay_gateway_rate_limit_fallbacks_total[$__rate_interval]))", "calls"),
				},
				{Title: "API keys known in memory", Says: "Near 100 % except after a start.", Unit: "percentunit", Queries: one(
					`sum(rate(eupay_gateway_key_cache_lookups_total{result="hit"}[$__rate_interval])) / sum(rate(eupay_gateway_key_cache_lookups_total[$__rate_interval]))`, "hits")},
			}},
			{"The services", []Panel{
				{
					Title: "Replicas", Says: "By service and revision: two revisions at once are a rollout.", Unit: "short",
					Queries: one("count by (service, revision, go_version) (eupay_build_info)", "{{service}} {{revision}} {{go_version}}"),
				},
				{Title: "Failed gRPC calls", Says: "As callers see them, without answers such as NotFound.", Unit: "reqps", Queries: rate(
					`eupay_grpc_client_call_seconds_count{code=~"Unavailable|DeadlineExceeded|Internal|Unknown"}`, "called, code", "{{called}} {{code}}")},
				{Title: "gRPC calls by method, 95 %", Says: "The ten slowest.", Unit: "s", Queries: one(
					"topk(10, histogram_quantile(0.95, sum by (le, method) (rate(eupay_grpc_server_call_seconds_bucket[$__rate_interval]))))", "{{method}}")},
				{
					Title: "gRPC streams that ended", Says: "Listeners of developers, and files.", Unit: "reqps",
					Queries: rate("eupay_grpc_server_streams_total", "method, code", "{{method}} {{code}}"),
				},
				{Title: "Jobs without a leader", Says: "Each is done by one replica. After a crash it takes 4.5 s until another does it.", Unit: "short", Red: 1, Queries: one(
					"sum by (service, lease) (eupay_leader) == 0", "{{service}}: {{lease}}")},
				{
					Title: "The first certificate to end", Says: "Renewed by cert-manager long before.", Unit: "dateTimeFromNow", Stat: true,
					Queries: one("min(eupay_identity_expires_timestamp_seconds) * 1000", ""),
				},
				{
					Title: "Calls of strangers", Says: "Never more than 0: an identity called what it may not call.", Unit: "short", Stat: true, Red: 1,
					Queries: one("sum(increase(eupay_calls_refused_total[1d]))", "in a day"),
				},
				{
					Title: "Mails that wait", Says: "For longer than minutes only when the mail server is away.", Unit: "short", Stat: true,
					Queries: one("max(eupay_gateway_mails_queued)", "mails"),
				},
				{Title: "The oldest mail", Says: "", Unit: "s", Stat: true, Red: 900, Queries: one("max(eupay_gateway_mails_oldest_seconds)", "")},
				{
					Title: "Mails", Says: "By outcome; failed ones are tried again.", Unit: "short",
					Queries: one("sum by (outcome) (increase(eupay_gateway_mails_total[1h]))", "{{outcome}} in an hour"),
				},
			}},
		},
	}
}

func payments() Dashboard {
	return Dashboard{
		File: "payments", Title: "Payments", Description: "From the request to the bank's last word, and to the money.",
		Rows: []Row{
			{"Creation", []Panel{
				{
					Title: "Requests to create", Says: "By status.", Unit: "reqps",
					Queries: rate(`eupay_gateway_http_request_seconds_count{route="/api/v1/gateway/payments", method="POST"}`, "status", "{{status}}"),
				},
				{
					Title: "Time to create", Says: "Fast is within 2.5 s. Most of it is the bank's.", Unit: "s", Red: 2.5,
					Queries: quantiles("eupay_gateway_http_request_seconds", `route="/api/v1/gateway/payments", method="POST"`),
				},
				{
					Title: "Commands", Says: "By result. expired: the caller was answered 503 before.", Unit: "reqps",
					Queries: rate("eupay_payments_commands_total", "command, result", "{{command}} {{result}}"),
				},
			}},
			{"What waits", []Panel{
				{
					Title: "Open payments", Says: "By state. pending_sca: the payer is at the bank.", Unit: "short",
					Queries: highest("eupay_payments_open", "mode, kind, status", "{{mode}} {{kind}} {{status}}"),
				},
				{
					Title: "Age of the oldest", Says: "Refunds and deferred payments may be open for days.", Unit: "s",
					Queries: highest("eupay_payments_open_oldest_seconds", "mode, kind, status", "{{mode}} {{kind}} {{status}}"),
				},
				{
					Title: "Overdue", Says: "How long due rows have waited to be worked on. Normal is seconds.", Unit: "s", Red: 300,
					Queries: highest(`eupay_queue_overdue_seconds{service=~"payments|qr"}`, "service, queue", "{{service}} {{queue}}"),
				},
				{Title: "Changes", Says: "By event.", Unit: "short", Queries: rate("eupay_payments_changes_total", "event", "{{event}}")},
				{
					Title: "Payments whose money was missed", Says: "On accounts that merchants have connected.", Unit: "short",
					Queries: highest("eupay_payments_unsettled", "mode", "{{mode}}"),
				},
				{Title: "Distrusted commands", Says: "Briefly after a merchant has changed its account; otherwise never.", Unit: "short", Queries: one(
					"sum by (about) (increase(eupay_payments_commands_distrusted_total[1h]))", "{{about}} in an hour")},
			}},
			{"The provider", []Panel{
				{Title: "Calls by outcome", Says: "ambiguous: the answer was lost, and the payment is looked up before it is sent again.", Unit: "reqps", Queries: rate(
					"eupay_payments_provider_call_seconds_count", "mode, outcome", "{{mode}} {{outcome}}")},
				{Title: "Time of calls, 95 %", Says: "", Unit: "s", Queries: quantile95("eupay_payments_provider_call_seconds", "call")},
				{
					Title: "Circuit breakers", Says: "1: calls are held back.", Unit: "short", Red: 1,
					Queries: highest("eupay_provider_breaker_open", "provider, mode", "{{provider}} {{mode}}"),
				},
				{
					Title: "Webhooks of the provider", Says: "Only hints; without them payments are read less often.", Unit: "reqps",
					Queries: rate("eupay_gateway_provider_webhooks_total", "kind", "{{kind}}"),
				},
				{
					Title: "From a hint to its record", Says: "In time is within 5 s.", Unit: "s", Red: 5,
					Queries: quantiles("eupay_payments_command_age_seconds", `command="provider_update"`),
				},
			}},
		},
	}
}

func webhooks() Dashboard {
	return Dashboard{
		File: "webhooks", Title: "Webhooks", Description: "What merchants are told, and when.",
		Rows: []Row{
			{"In time", []Panel{
				{
					Title: "From the event to its deliveries", Says: "In time is within 5 s.", Unit: "s", Red: 5,
					Queries: quantiles("eupay_consumer_event_age_seconds", `consumer="webhooks"`),
				},
				{
					Title: "From the delivery to its first attempt", Says: "In time is within 5 s.", Unit: "s", Red: 5,
					Queries: quantiles("eupay_webhook_first_attempt_delay_seconds", ""),
				},
				{
					Title: "From the delivery to its success", Says: "This has the merchants' outages too.", Unit: "s",
					Queries: quantiles("eupay_webhook_accepted_to_delivered_seconds", ""),
				},
			}},
			{"Attempts", []Panel{
				{Title: "Attempts by result", Says: "", Unit: "reqps", Queries: rate("eupay_webhook_attempt_seconds_count", "result", "{{result}}")},
				{Title: "Time of attempts, 95 %", Says: "By result.", Unit: "s", Queries: quantile95("eupay_webhook_attempt_seconds", "result")},
				{
					Title: "Deliveries that ended", Says: "exhausted: all attempts failed. missed: the endpoint was disabled.", Unit: "reqps",
					Queries: rate("eupay_webhook_deliveries_total", "outcome", "{{outcome}}"),
				},
				{Title: "Open deliveries", Says: "", Unit: "short", Queries: one("max(eupay_webhook_backlog)", "deliveries")},
				{Title: "The oldest due attempt", Says: "", Unit: "s", Red: 120, Queries: one("max(eupay_webhook_oldest_due_seconds)", "due for")},
				{Title: "Unwell endpoints", Says: "Open breakers, and endpoints that were disabled within an hour.", Unit: "short", Queries: []Query{
					{"max(eupay_webhook_breakers_open)", "breakers open"}, {"sum by (reason) (increase(eupay_webhook_endpoints_disabled_total[1h]))", "disabled: {{reason}}"},
				}},
				{Title: "Push messages", Says: "To merchants' browsers.", Unit: "reqps", Queries: rate("eupay_push_messages_total", "outcome", "{{outcome}}")},
			}},
		},
	}
}

func infrastructure() Dashboard {
	return Dashboard{
		File: "infrastructure", Title: "Broker and database", Description: "NATS JetStream, its streams and consumers, the outboxes and the pools.",
		Rows: []Row{
			{"Outbox and broker", []Panel{
				{
					Title: "The oldest event that the broker does not have", Says: "Normal is below a second.", Unit: "s", Red: 60,
					Queries: highest("eupay_outbox_oldest_seconds", "service", "{{service}}"),
				},
				{Title: "Events that wait", Says: "", Unit: "short", Queries: highest("eupay_outbox_unpublished_events", "service", "{{service}}")},
				{Title: "Published events", Says: "", Unit: "reqps", Queries: rate("eupay_outbox_published_events_total", "service", "{{service}}")},
				{Title: "Problems with the broker", Says: "As each service sees it.", Unit: "short", Red: 1, Queries: []Query{
					{"max by (client) (eupay_broker_problems)", "{{client}}"}, {"max by (service) (eupay_degraded)", "{{service}} is degraded"},
				}},
				{Title: "Messages in streams", Says: "EUPAY_DLQ: what consumers gave up.", Unit: "short", Queries: highest("eupay_stream_messages", "stream", "{{stream}}")},
				{
					Title: "How full streams are", Says: "A full one drops its oldest messages, or refuses new ones.", Unit: "percentunit", Red: 0.8,
					Queries: highest("eupay_stream_fill_ratio", "stream", "{{stream}}"),
				},
			}},
			{"Consumers", []Panel{
				{
					Title: "Messages before them", Says: "", Unit: "short", Red: 1000,
					Queries: highest("eupay_consumer_pending_messages", "stream, consumer", "{{consumer}} {{stream}}"),
				},
				{
					Title: "Delivered and not applied yet", Says: "0 when idle.", Unit: "short",
					Queries: highest("eupay_consumer_unacknowledged_messages", "stream, consumer", "{{consumer}} {{stream}}"),
				},
				{
					Title: "Delivered again", Says: "What stays above 0 is an event that the service refuses.", Unit: "short",
					Queries: highest("eupay_consumer_redelivered_messages", "stream, consumer", "{{consumer}} {{stream}}"),
				},
				{
					Title: "Events by result", Says: "parked: a dead letter.", Unit: "reqps",
					Queries: rate("eupay_consumer_events_total", "consumer, result", "{{consumer}} {{result}}"),
				},
				{Title: "Time of a transaction, 95 %", Says: "Each applies one event or many.", Unit: "s", Queries: quantile95("eupay_consumer_apply_seconds", "consumer")},
				{Title: "From the event to its effect, 95 %", Says: "", Unit: "s", Queries: quantile95("eupay_consumer_event_age_seconds", "consumer")},
			}},
			{"Database", []Panel{
				{
					Title: "Writable", Says: "0: no answer, a read-only server, or no connection left.", Unit: "short",
					Queries: one("min by (service) (eupay_database_writable)", "{{service}}"),
				},
				{Title: "Connections in use", Says: "Of those that the pool may open, on the fullest replica.", Unit: "percentunit", Red: 0.9, Queries: one(
					"max by (service, pool) (eupay_database_pool_in_use_connections / eupay_database_pool_max_connections)", "{{service}} {{pool}}")},
				{
					Title: "Open connections", Says: "Of all replicas; PostgreSQL has a limit for all of them.", Unit: "short",
					Queries: one("sum by (service) (eupay_database_pool_open_connections)", "{{service}}"),
				},
				{Title: "Waits for a connection", Says: "", Unit: "reqps", Queries: rate("eupay_database_pool_waits_total", "service, pool", "{{service}} {{pool}}")},
				{
					Title: "Time spent waiting", Says: "Seconds per second, of all requests together.", Unit: "short",
					Queries: rate("eupay_database_pool_wait_seconds_total", "service", "{{service}}"),
				},
				{Title: "Lag of the replica", Says: "Of the database, from which lists are read. 0 also as long as it is unknown.", Unit: "s", Queries: one(
					"max by (service) (eupay_database_replica_lag_seconds)", "{{service}}")},
				{Title: "Waits that were given up", Says: "", Unit: "reqps", Queries: rate("eupay_database_pool_given_up_total", "service", "{{service}}")},
				{
					Title: "Rows without a month", Says: "Of tables that consist of months. Normal is none.", Unit: "short", Red: 1,
					Queries: highest("eupay_months_rest_rows", "service, table", "{{service}} {{table}}"),
				},
				{
					Title: "Months are made until", Says: "Two months ahead.", Unit: "dateTimeFromNow", Stat: true,
					Queries: one("min by (service, table) (eupay_months_made_until_timestamp_seconds) * 1000", "{{service}} {{table}}"),
				},
				{
					Title: "The last backup", Says: "One each night.", Unit: "dateTimeFromNow", Stat: true,
					Queries: one("max(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp) * 1000", ""),
				},
				{Title: "Free room of volumes", Says: "", Unit: "percentunit", Queries: one(
					`min by (persistentvolumeclaim) (kubelet_volume_stats_available_bytes{namespace="eupay"} / kubelet_volume_stats_capacity_bytes{namespace="eupay"})`,
					"{{persistentvolumeclaim}}")},
			}},
		},
	}
}

func invoicing() Dashboard {
	return Dashboard{
		File: "einvoicing", Title: "E-invoicing", Description: "Documents, collections and reports on their way to the platform.",
		Rows: []Row{{"The platform", []Panel{
			{Title: "Transmissions by outcome", Says: "waiting: for a mandate. refused: the platform does not want it, and somebody must look.", Unit: "short", Queries: one(
				"sum by (mode, kind, outcome) (increase(eupay_einvoice_transmissions_total[1h]))", "{{mode}} {{kind}} {{outcome}} in an hour")},
			{
				Title: "Overdue", Says: "How long due rows have waited.", Unit: "s", Red: 3600,
				Queries: highest(`eupay_queue_overdue_seconds{service="einvoice"}`, "queue", "{{queue}}"),
			},
			{
				Title: "Circuit breaker", Says: "1: one attempt at a time shows whether it is back.", Unit: "short", Red: 1,
				Queries: highest(`eupay_provider_breaker_open{provider="seqino"}`, "mode", "{{mode}}"),
			},
			{
				Title: "Late e-reports", Says: "Never more than 0: the law has a day for each.", Unit: "short", Stat: true, Red: 1,
				Queries: one("max(eupay_einvoice_reports_late)", "periods"),
			},
			{
				Title: "Documents that wait for the archive", Says: "Issued more than a minute ago. It is 0 but for minutes after an outage.", Unit: "short", Stat: true,
				Queries: one("sum(eupay_einvoice_archive_waiting)", "documents"),
			},
			{
				Title: "Invoices that were issued", Says: "Requests by status.", Unit: "reqps",
				Queries: rate(`eupay_gateway_http_request_seconds_count{route="/api/v1/einvoice/invoices", method="POST"}`, "status", "{{status}}"),
			},
			{
				Title: "Time to issue one", Says: "The caller waits for the platform for at most 8 s.", Unit: "s",
				Queries: quantiles("eupay_gateway_http_request_seconds", `route="/api/v1/einvoice/invoices", method="POST"`),
			},
		}}},
	}
}
