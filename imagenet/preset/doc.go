// Package preset reads and writes the official configuration files of W-Flow: those that train a [Generator] and those
// that train its encoder, a [MAE]. The fields bear the words of this repository, their tags the official keys.
//
// [ReadFile] is strict. An unknown key, a key given twice, a value of the wrong type or an impossible one is an error
// that names file, line and the path of the key, an unknown key also the nearest known one. A key that a file may leave
// out takes the default of the official code; [Preset.Defaults] tells which did. [Named] has the nine released files.
//
// dit.FromPreset and mae.FromPreset build the networks that are described; this package knows nothing of graphs.
//
// Files are read as PyYAML reads them where they are valid, with one exception: 2e-4 is a number here and a string there.
package preset
