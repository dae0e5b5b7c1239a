// Package e2e holds the tests of the whole chain: a real Telegraf runs
// sysprobe-execd and writes into real databases, and into receivers of the tests
// that speak the protocols of others, and they read back what arrived.
package e2e
