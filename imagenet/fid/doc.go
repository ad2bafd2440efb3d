// Package fid measures how near generated images are to real ones, as the literature does, to the digit.
//
// The network of TensorFlow's inception-2015-12-05 sees each image ([Extractor.See]). What it sees, the [Features], are points in a
// space in which images that look alike are near each other. Measures compare two clouds of them:
//
//	[Frechet]         distance of two normal laws; FID on Inception's features           0 is best; a sample of n real images has some
//	[Kernel]          distance by a cubic kernel, unbiased; KID                          0 is best, in the mean
//	[InceptionScore]  how sure the network is, and how evenly over classes               high is good; knows no real images
//	[Cover]           precision and recall: samples that look real, real kinds sampled   1 is best, for each
//	[Neighbours]      the nearest real images of each sample                             to look at: is it a copy?
//
// A number means nothing without how it came about: of which weights, from how many images of which size, resized and rounded
// how, against which reference. Here weights come from the public file, strictly; an image is resized as TensorFlow 1 did; its
// features do not depend on the images beside it; the Fréchet distance is computed from eigenvalues of a symmetric matrix and
// tells where a covariance is singular; random choices are NumPy's. So they agree with torch-fidelity's, for which
// TestGolden… holds recorded numbers.
//
// The package takes images or features, and knows nothing of generators.
package fid
