// Package alerts tests the rules of Prometheus that are beside each input, in
// alerts.yml, against the machines of alerts_test.yml and against the README, which has
// a runbook for each rule.
package alerts
