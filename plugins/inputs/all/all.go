// Package all registers every input of this module with Telegraf. It is what a
// Telegraf build imports to have them compiled in.
package all

import (
	_ "telegraf-sysprobe/plugins/inputs/nicaddrs" // register input
	_ "telegraf-sysprobe/plugins/inputs/nicstats" // register input
	_ "telegraf-sysprobe/plugins/inputs/procs"    // register input
	_ "telegraf-sysprobe/plugins/inputs/zombies"  // register input
)
