package monitoring

import "fmt"

// The queries that panels share. Rates are over $__rate_interval, which Grafana derives from the distance of scrapes.

func one(expr, legend string) []Query { return []Query{{expr, legend}} }

// rate is the events per second of a counter, by labels that are separated by commas.
func rate(counter, by, legend string) []Query {
	return one(fmt.Sprintf("sum by (%s) (rate(%s[$__rate_interval]))", by, counter), legend)
}

// quantiles are the median, the 95th and the 99th percentile of a histogram; labels may narrow it.
func quantiles(histogram, labels string) (all []Query) {
	for _, q := range []struct{ value, name string }{{"0.5", "median"}, {"0.95", "95 %"}, {"0.99", "99 %"}} {
		all = append(all, Query{fmt.Sprintf("histogram_quantile(%s, sum by (le) (rate(%s_bucket{%s}[$__rate_interval])))", q.value, histogram, labels), q.name})
	}
	return all
}

// quantile95 is the 95th percentile of a histogram by one label.
func quantile95(histogram, by string) []Query {
	return one(fmt.Sprintf("histogram_quantile(0.95, sum by (le, %s) (rate(%s_bucket[$__rate_interval])))", by, histogram), "{{"+by+"}}")
}

// highest is the highest of what the replicas say, by labels: they all look at the same thing.
func highest(gauge, by, legend string) []Query {
	return one(fmt.Sprintf("max by (%s) (%s)", by, gauge), legend)
}

// budget is how much of an objective's budget of 0.1 % is spent per time, where 1 spends it in 30 days.
func budget(record string) []Query {
	return []Query{
		{record + "1h / 0.001", "1 h"}, {record + "6h / 0.001", "6 h"}, {record + "3d / 0.001", "3 d"},
	}
}
