// Package all registers every input of this module with Telegraf. It is what a
// Telegraf build imports to have them compiled in.
package all
