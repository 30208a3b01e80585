// Package hardware decides, from facts about a machine, how NixOS should drive
// it: graphics drivers by PCI id, kernel modules for the initrd, boot loader,
// file systems, firmware. It is pure: facts in, options out, a reason with each.
//
// The tables it decides by are data (folder data), each with its source.
package hardware
