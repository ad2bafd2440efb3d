// Package judge says how good generated digits are, by measures that need no eye:
//
//	j, err := judge.New(backend)
//	v, err := j.Judge(judge.Images{Numbers: generated, Labels: asked}) // [n, 32, 32], and which digits were asked for
//	fmt.Println(v) // read 98.6 %, Fréchet distance 2.1 × the floor, diversity 0.81 (smallest class 0.70), nearest 0.88
//
// The measures belong together, for each of them alone is easily deceived:
//
//	read        share that a network reads as the digit that was asked for    high for ten images, shown again and again
//	Fréchet     distance of the network's features to those of real digits    low for images that are a little shrunk
//	diversity   mean squared distance of two images of a class                high for noise
//	nearest     distance to the nearest digit of the training                 0 for copies of them; high for noise
//
// All but the first are relative to real digits, those of digits.Judge, which nothing was fitted to: see [Verdict]. The network, a
// [Reader], is in the program. It was fitted to digits.Reader. Two numbers compare only if they are of the same reader and of as
// many images: 2,000, with 200 of each digit, unless said otherwise.
//
// The settings of a generator, such as its guidance scale, are not to be chosen by a verdict, or the digits to judge by would
// have a part in what they judge: [Judge.Choose] chooses by the digits of the training.
//
// The program cmd/table judges a run of wflow train at several guidance scales, and cmd/reader fits the reader anew.
package judge
