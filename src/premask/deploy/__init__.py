"""Use a trained model: any image size, folders, a folder that is watched, a service."""
