// Package e2e holds the test of the whole chain: a real Telegraf runs
// sysprobe-execd and writes into a real InfluxDB, and the test reads back what
// arrived.
package e2e
