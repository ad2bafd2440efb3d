// Package train trains generators of images.
package train
