// Package imagefile tells by their names which files of a folder are images, and which are what other programs left among them.
package imagefile

import (
	"path"
	"slices"
	"strings"
)

// Extensions are those that torchvision takes for images. A file that is neither PNG nor JPEG is refused later, by its content.
var Extensions = []string{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}

// Named tells whether a name is that of an image, in large or small letters.
func Named(name string) bool { return slices.Contains(Extensions, strings.ToLower(path.Ext(name))) }

// litter lists the names, in small letters, that file systems, file servers and programs give to what they keep among the
// files of others. Names that begin with a dot are not in it.
var litter = []string{
	"@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "@sharebin", "~snapshot", // Synology, QNAP, NetApp
	"$recycle.bin", "recycler", "recycled", "system volume information", "found.000", "thumbs.db", "ehthumbs.db", "desktop.ini", // Windows
	"__macosx", "icon\r", "network trash folder", "temporary items", "thevolumesettingsfolder", "thefindbycontentfolder", // macOS
	"lost+found", "__pycache__",
}

// Littered tells whether a name is that of something that a program left among the files of others, and of which kind it is:
// "._*", ".Trash-*", ".*.icloud" or the name itself.
func Littered(name string) (kind string, yes bool) {
	switch {
	case strings.HasPrefix(name, "._"): // what macOS knows of a file beside it
		return "._*", true
	case strings.HasPrefix(name, ".Trash-"):
		return ".Trash-*", true
	case strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".icloud"): // stands for a file that is in the cloud only
		return ".*.icloud", true
	case strings.HasPrefix(name, "."):
		return name, true
	}
	return name, slices.Contains(litter, strings.ToLower(name))
}
