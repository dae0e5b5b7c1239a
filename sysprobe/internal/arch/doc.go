// Package arch holds the tests of the layout of the repository: which package
// imports which, what a file name means, how long files and functions are. A
// linter sees one package at a time and cannot check these.
package arch
