// Package docs holds the documentation, which `quick-deploy help` shows.
package docs

import "embed"

// Files are the documents.
//
//go:embed *.md
var Files embed.FS
