// Package train trains one-step generators of images: of ImageNet's latents on GPUs, and of digits on a laptop, by the same code.
//
//	p, err := preset.Named("gen/ablation_ot_1node")
//	network, err := train.Network(p.Generator)
//	t, err := train.FromPreset(p.Generator, network, devices)
//	t.Data, err = latent.Open("latents", latent.Train)
//	t.Encoder = &train.Encoder{Config: mae.Released(256), Features: p.Generator.Train.Features, Weights: view.Read}
//	t.Folder = "run/checkpoints"
//	weights, err := t.Run(ctx, backend) // again after an interruption, it goes on where it was
//
// A step draws classes, and for each of them noise, a guidance scale, images of the class and images of all classes. It generates
// particles, and a second batch of them for the self term. All are compared as the features of a frozen encoder: one transport
// problem for each vector of each feature of each class. The velocity that onestep.Loss makes of them is where the particles'
// features are to go; its gradient goes through the encoder into the generator.
//
// Keys of a configuration that concern evaluation (eval_*, cfg_list) or logging elsewhere (use_wandb) are not used here. Nor is
// push_at_resume, since a checkpoint keeps the banks, and batch_sinkhorn, which changes no number. Every image has noise of its own
// (diverse_noise), whatever the processes.
//
// [Step] is the mathematics of one step, [Stepper] takes steps, and [Training] is what surrounds them: the order of the data, banks
// of images (package bank), schedules and checkpoints. All that is random is a function of the seed and of the step's number. So a
// training that was killed ends with the same bytes as one that was not, and the number of devices changes nothing but rounding.
//
// Source: arXiv 2605.11755, sections 3 and 4, and its code, whose numbers a step gives: testdata/README.md.
package train
