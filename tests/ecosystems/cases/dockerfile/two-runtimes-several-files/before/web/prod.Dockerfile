FROM node:18 AS build
