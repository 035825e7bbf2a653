# nix build 'git+file:TREE?dir=data/packaging/nix'
{
  description = "Headroom keeps sudden loud sound away from your ears";

  inputs.nixpkgs.url = "nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      packages = each (pkgs: rec {
        headroom = pkgs.callPackage ./package.nix { };
        default = headroom;
      });
      nixosModules.default = import ./nixos.nix;
      homeManagerModules.default = import ./home-manager.nix;
    };
}
