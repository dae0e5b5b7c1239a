// Package drivers holds the tests of sysprobe on the network drivers of Linux,
// which need a machine with the cards: a virtual one of "make vm".
package drivers
