// Package jail asks FreeBSD for the names of jails (jail(8)). Errors are plain errnos.
package jail
