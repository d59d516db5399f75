// Package examples are the Go examples of the documentation, each named after the operation that it shows. They are compiled with
// everything else.
package examples
