// Package hub reads other people's weight files, and fetches them.
//
// [Open] recognises safetensors, PyTorch's .pt, .pth and .bin, Flax's msgpack, .npy and .npz by their content, and lists
// their tensors; of sharded weights it takes the index. Numbers are read one tensor at a time, from where they lie in the
// file, when they are asked for. Nothing in a file is executed, and nothing is allocated before a length is held against the
// bytes that are there. What else stands in a file, such as the objects of a pickle, is left out and listed with its class.
//
//	f, err := hub.Open("state_00200000.pt")    // whatever it is
//	f.Tensors()                                // name, type and shape of each
//	f.LeftOut()                                // what else is in the file, and not read
//	f.Floats("model.model.pos_embed", numbers) // one of them
//
// [File.View] gives the tensors of a released artefact the names and the layout that the official PyTorch code uses,
// and holds them against the table of a network: none missing, none left over, every shape as it must be. The Naming
// says whose artefact it is: [WFlow], [Drifting], [SDVAE], or [Official] where names already are official.
//
//	v, err := f.View(hub.WFlow, table)
//	v.Load(scope)                                             // into a GoMLX scope
//	v.WriteSafetensors("generator.safetensors", hub.F32, nil) // or into a file that anything reads
//
// [Fetch] downloads from the Hugging Face hub into the cache that its Python library uses: resumed where a connection was
// cut, checked before it gets its name and again when it has changed, offline where HF_HUB_OFFLINE says so.
package hub
