// Package hub reads other people's weight files, and fetches them.
//
// [Open] recognises safetensors, PyTorch's .pt, .pth and .bin, Flax's msgpack, .npy and .npz by their content, and lists
// their tensors. It opens sharded weights by their index. Numbers are read when they are asked for, one tensor at a time.
// Nothing in a file is executed. No memory is taken for a length that a file only claims to have. Whatever is no tensor,
// number or text, such as an object in a pickle, is left out and listed with its class.
//
//	f, err := hub.Open("state_00200000.pt")    // of any of these formats
//	f.Tensors()                                // name, type and shape of each
//	f.LeftOut()                                // what else is in the file and is not read
//	f.Floats("model.model.pos_embed", numbers) // one of them
//
// [File.View] gives the tensors of a released file the names and the layout that the official PyTorch code uses. It compares
// them with the table of a network: none may be missing or left over, and every shape must be right. The [Naming] says
// whose file it is: [WFlow], [Drifting], [SDVAE], [Inception], or [Official] if the names are official already.
//
//	v, err := f.View(hub.WFlow, table)
//	v.Load(scope)                                             // into a GoMLX scope
//	v.WriteSafetensors("generator.safetensors", hub.F32, nil) // or into a file that anything reads
//
// [Fetch] downloads from the Hugging Face hub into the cache that the hub's Python library uses. A download that was cut off
// is resumed. A file is checked before it gets its name, and again when it has changed. With HF_HUB_OFFLINE nothing is asked
// of the network.
package hub
