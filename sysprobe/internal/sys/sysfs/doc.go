// Package sysfs reads what only sysfs(5) has of devices.
package sysfs
