// Package caps reads the capabilities(7) of this process, and raises them.
package caps
