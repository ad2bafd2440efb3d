// Package sample makes images with a trained generator: grids of classes, folders of PNG files and arrays for evaluators.
//
//	network, err := dit.FromPreset(configuration.Generator)   // any generator.Network
//	s, err := sample.New(backend, network, view.Read, nil)    // view: of a weight file that hub.Open opened
//	p := &sample.Pictures{
//		Sampler:  s,
//		Decoder:  sample.Decoder{Side: 256, Channels: 3, Decode: autoencoder.Decode, Latents: true},
//		Sequence: sample.Sequence{Classes: classes, Each: 50, Alpha: 1.19, Temperature: 1},
//	}
//	err = p.WriteFolder(ctx, "samples", 0, p.Sequence.Len(), nil)  // 00000.png …; stopped, it goes on where it was
//
// A [Sequence] says which images are made: so many of each class, with a seed. Image i has noise of its own, a function of
// the seed and of i. It does not depend on the batch size, on the devices, or on which part of the sequence a process makes.
// So the tasks of a job array may each make a part of one folder.
//
// A generator makes latents or pixels. A [Decoder] turns them into bytes: that of package vae, or [Pixels]. Latents are scaled
// once, where they are made for a cache, and unscaled once, by the decoder of package vae. [Together] refuses what seems to be
// scaled in another way.
//
// Source: the evaluation of the official code, where the images of a class follow one another, and pixels are rounded to the
// nearest of 256 levels.
package sample
