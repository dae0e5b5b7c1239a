// Package clock reads the clocks of the kernel (clock_gettime(2)) that package
// time does not show.
package clock
