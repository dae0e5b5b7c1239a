// Package caps reads the capabilities(7) of this process.
package caps
